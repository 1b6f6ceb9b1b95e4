/**
 * The page's style. Colours are variables with a light and a dark value; every text colour has at least 4.5 : 1 on each ground it stands on (a test
 * computes it). Kept and lost, A and B are blue and orange, told apart by hatching as well.
 */

export interface Palette {
  readonly [name: string]: string;
}

export const lightPalette: Palette = {
  ground: "#ffffff",
  sheet: "#f5f6f8",
  ink: "#1a1e24",
  soft: "#565f6b",
  line: "#dde1e6",
  accent: "#1a5aa6",
  good: "#1a6b3c",
  bad: "#b2261c",
  warn: "#835400",
  quiet: "#565f6b",
  kept: "#3a74b4",
  lost: "#c4540a",
  "lost-ground": "#fbe6d7",
  "side-b": "#a3580f",
  "side-b-ground": "#f6e3cd",
};

export const darkPalette: Palette = {
  ground: "#14171b",
  sheet: "#1c2026",
  ink: "#e7e9ec",
  soft: "#a5adb8",
  line: "#30363e",
  accent: "#8cbaf2",
  good: "#74ce98",
  bad: "#ff958b",
  warn: "#e6b55c",
  quiet: "#a5adb8",
  kept: "#6ea3dc",
  lost: "#f0905a",
  "lost-ground": "#3f271a",
  "side-b": "#dfa05c",
  "side-b-ground": "#3a2b1b",
};

function variables(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, value]) => `--${name}:${value};`)
    .join("");
}

const rules = `
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:62rem;padding:2.5rem 1.5rem 4rem;background:var(--ground);color:var(--ink);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
h1,h2,h3,h4{line-height:1.25;text-wrap:balance;margin:0}
h1{font-size:2.1rem;font-weight:650;letter-spacing:-.015em}
h2{font-size:1.35rem;font-weight:650;letter-spacing:-.01em;margin-bottom:1rem}
h3{font-size:1.08rem;font-weight:650}
h4{font-size:.92rem;font-weight:600;margin:1.5rem 0 .5rem}
p{margin:.5rem 0}
section>:is(dl,pre,p,div)+h3{margin-top:1.9rem}
h3+.command{margin-top:.5rem}
a{color:var(--accent);text-underline-offset:.15em}
a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.84rem}
pre code{font-size:inherit}
pre{margin:0;white-space:pre-wrap;line-height:1.5}
section{margin-top:3.25rem}
.soft,.note,.scale,.basis{color:var(--soft)}
.note,.soft{font-size:.9rem}
.tone-good{color:var(--good)}.tone-bad{color:var(--bad)}.tone-warn{color:var(--warn)}.tone-quiet{color:var(--quiet)}

.banner{color:var(--ink);border-top:5px solid var(--quiet);padding-top:1.75rem}
.banner.tone-good{border-color:var(--good)}.banner.tone-bad{border-color:var(--bad)}.banner.tone-warn{border-color:var(--warn)}
.eyebrow{margin:0 0 .3rem;color:var(--soft);font-size:.9rem}
.verdict{margin:.35rem 0 1.25rem;font-size:1.5rem;font-weight:650;line-height:1.3}
.banner.tone-good .verdict{color:var(--good)}.banner.tone-bad .verdict{color:var(--bad)}.banner.tone-warn .verdict{color:var(--warn)}.banner.tone-quiet .verdict{color:var(--quiet)}
.lead{list-style:none;margin:0 0 1.75rem;padding:0;max-width:46rem}
.lead li{margin:.3rem 0}
.lead li:first-child{font-size:1.1rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:1.75rem 0 0;padding:.8rem 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line);font-size:.92rem}

.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(13.5rem,1fr));gap:.9rem 1.75rem;margin:1rem 0}
.facts>div{min-width:0}
.facts>div:has(.hash){grid-column:1/-1}
dt{color:var(--soft);font-size:.82rem}
dd{margin:0}
.facts dd{font-size:.95rem}

.scroll{overflow-x:auto;margin:.5rem 0}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{padding:.5rem .9rem .5rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--soft);font-weight:500;font-size:.82rem;white-space:nowrap;vertical-align:bottom}
tbody th{font-weight:400;overflow-wrap:anywhere;min-width:8rem}
tbody th.number{min-width:0}
td .tag{white-space:nowrap}
.number{text-align:right;white-space:nowrap}
.zero{color:var(--soft)}
#counts table{width:auto;min-width:min(100%,24rem)}
#counts tbody tr:last-child>*{border-bottom:0;font-weight:600}
#counts th,#counts td{padding-right:1.6rem}
#counts tbody th{min-width:5rem}

.tag{font-weight:600}
.tags{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem .9rem;margin:0 0 .35rem;font-size:.88rem}
.level{color:var(--soft)}
.card{padding:1.25rem 0 1.5rem 1.25rem;border-left:3px solid var(--line);margin:0 0 2rem}
.card.bad{border-left-color:var(--bad)}
.card .name{margin:.15rem 0 .8rem;color:var(--soft)}
.requirement{max-width:46rem}
.requirement .basis{display:block;font-size:.88rem}
.message{font-weight:550;margin:.9rem 0 .4rem}
.versus{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr));gap:.75rem;margin:.9rem 0}
.versus>div{background:var(--sheet);padding:.65rem .85rem;border-radius:4px;min-width:0}
.versus .path{grid-column:1/-1;background:none;padding:0}
.versus .actual dt{color:var(--bad)}

details{margin:.6rem 0}
summary{cursor:pointer;padding:.25rem 0;font-size:.94rem}
details[open]>summary{margin-bottom:.35rem}
.trace table{font-size:.86rem}
.trace tbody th{color:var(--soft);min-width:0;white-space:nowrap}
.trace td:nth-child(2){white-space:nowrap}
.trace td:nth-child(3){color:var(--soft);min-width:4rem;max-width:9rem;overflow-wrap:anywhere}
.trace td:last-child{width:100%;min-width:16rem;overflow-wrap:anywhere;white-space:pre-wrap}
.trace th,.trace td{padding-top:.3rem;padding-bottom:.3rem}
.log,.command,.witness pre{background:var(--sheet);padding:.75rem .9rem;border-radius:4px}
.log{max-height:22rem;overflow:auto}
.reproduce h4,.witness h4{color:var(--soft);font-weight:500;font-size:.82rem;margin:1.1rem 0 .3rem}
.names{margin:.25rem 0 .75rem;padding-left:1.2rem}

.picture{margin:1.5rem 0}
figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.1rem 1.25rem;margin-bottom:.4rem;font-size:.95rem}
.amount{font-weight:600}
.strip{display:block;width:100%;height:2.4rem}
.kept{fill:var(--kept)}.lost-ground{fill:var(--lost-ground)}.lost-line{fill:var(--lost)}
.cycles{display:block;width:100%;height:7rem}.column-ground{fill:var(--ground)}
.strip-base{stroke:var(--line);vector-effect:non-scaling-stroke}
.scale{display:flex;justify-content:space-between;font-size:.82rem;margin:.15rem 0 .4rem}
.undone ul{margin:.2rem 0 .6rem;padding-left:1.2rem}
.key{color:var(--soft);font-size:.9rem;margin-bottom:1.25rem}
.swatch{display:inline-block;width:1.5rem;height:.8rem;margin:0 .35rem 0 0;vertical-align:-.05rem}
.lost-swatch{margin-left:.9rem}
.kept-swatch{background:var(--kept)}
.lost-swatch{background:repeating-linear-gradient(135deg,var(--lost) 0 2px,var(--lost-ground) 2px 5px)}

.chart{overflow-x:auto}
.chart svg{display:block;width:100%;min-width:34rem;height:auto;font-size:12.5px;font-variant-numeric:tabular-nums}
svg text{fill:var(--ink)}
svg .tick{fill:var(--soft);font-size:11.5px}
svg .tick.strong{fill:var(--ink)}
svg .value{font-weight:600}
.grid{stroke:var(--line)}
.equal{stroke:var(--soft);stroke-dasharray:4 3}
.interval{stroke:currentColor;stroke-width:2}
.point{fill:currentColor;stroke:currentColor;stroke-width:2}
.point.open{fill:var(--ground)}
.side-a{fill:var(--kept)}.side-b-ground{fill:var(--side-b-ground)}.side-b-line{fill:var(--side-b)}

footer{margin-top:4rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.88rem}
@media (max-width:40rem){body{padding:1.25rem 1rem 3rem}h1{font-size:1.6rem}.card{padding-left:.9rem}.facts{grid-template-columns:repeat(auto-fill,minmax(9.5rem,1fr))}}
`;

const print = `
@media print{
:root{${variables(lightPalette)}}
body{max-width:none;padding:0;font-size:11pt}
nav{display:none}
details::details-content{content-visibility:visible;block-size:auto}
.log{max-height:none}
.scroll,.chart{overflow:visible}
h2,h3,h4,summary,figcaption{break-after:avoid}
tr,figure,.versus{break-inside:avoid}
.kept-swatch,.lost-swatch,.versus>div,.log,.command,.witness pre{print-color-adjust:exact}
a{color:inherit}
}`;

export const pageStyle = `:root{color-scheme:light dark;${variables(lightPalette)}}
@media (prefers-color-scheme:dark){:root{${variables(darkPalette)}}}
${rules}${print}`;
