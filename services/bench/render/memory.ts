/** The most memory that this process ever held, in MB, with Node and all modules. */
export function peakMB(): number {
  return process.resourceUsage().maxRSS / 1024;
}
