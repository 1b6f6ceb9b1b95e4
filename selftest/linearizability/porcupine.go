// Command linearizability judges histories of one register with Porcupine, as the second opinion on our own search.
//
// Each line of standard input is one history: a JSON array of operations, as `random-histories.ts` writes them. Each line of standard output is its
// verdict: ok, illegal or unknown. The model is a second writing of evidence/linearizability/register.ts; the two share no code.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

const deadline = 20 * time.Second

type operation struct {
	Begin    int64  `json:"begin"`
	End      *int64 `json:"end"` // absent: never
	Kind     string `json:"kind"`
	Value    string `json:"value"`
	Revision *int64 `json:"revision"` // absent: not known
	Expected *int64 `json:"expected"` // absent: unconditional
	Free     bool   `json:"isFree"`
	Optional bool   `json:"isOptional"`
}

type register struct {
	revision int64
	known    bool
	value    string
}

func main() {
	model := (&porcupine.NondeterministicModel{
		Init: func() []interface{} { return []interface{}{register{known: true}} },
		Step: func(state, input, _ interface{}) []interface{} { return step(state.(register), input.(operation)) },
	}).ToModel()
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 16<<20)
	for input.Scan() {
		var history []operation
		if err := json.Unmarshal(input.Bytes(), &history); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		switch porcupine.CheckOperationsTimeout(model, operationsOf(history), deadline) {
		case porcupine.Ok:
			fmt.Println("ok")
		case porcupine.Illegal:
			fmt.Println("illegal")
		default:
			fmt.Println("unknown")
		}
	}
}

func operationsOf(history []operation) []porcupine.Operation {
	operations := make([]porcupine.Operation, 0, len(history))
	for _, each := range history {
		end := int64(math.MaxInt64)
		if each.End != nil {
			end = *each.End
		}
		operations = append(operations, porcupine.Operation{Input: each, Call: each.Begin, Return: end})
	}
	return operations
}

func step(state register, op operation) []interface{} {
	after := effects(state, op)
	if op.Optional {
		after = append(after, state)
	}
	return after
}

func effects(state register, op operation) []interface{} {
	switch op.Kind {
	case "read":
		if state.known && state.revision == *op.Revision && state.value == op.Value {
			return []interface{}{state}
		}
		return nil
	case "refused":
		if state.known && state.revision == *op.Expected {
			return nil
		}
		return []interface{}{state}
	}
	above := state.revision
	if op.Expected != nil {
		if state.known && *op.Expected != state.revision {
			return nil
		}
		if !state.known && (!op.Free || *op.Expected <= state.revision) {
			return nil
		}
		above = *op.Expected
	}
	if op.Revision == nil {
		return []interface{}{register{revision: above, known: false, value: op.Value}}
	}
	if *op.Revision <= above {
		return nil
	}
	return []interface{}{register{revision: *op.Revision, known: true, value: op.Value}}
}
