export type CampaignEvent = never;
export type RunCampaignOptions = never;
export function runCampaign(): never {
  throw new Error("not here yet");
}
