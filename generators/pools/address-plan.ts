/**
 * Private addresses of every network we make, each in one place: no two overlap, so that any two can be joined. All are
 * in 10.0.0.0/8, the range that network policies let pods reach rented stores in.
 */
export const addressPlan = {
  gcp: { nodes: '10.10.0.0/20', pods: '10.11.0.0/16', services: '10.12.0.0/20', controlPlane: '10.13.0.0/28' },
  digitalocean: { machines: '10.20.0.0/20', pods: '10.21.0.0/16', services: '10.22.0.0/19' },
  hetzner: { network: '10.30.0.0/16', machines: '10.30.0.0/24', pods: '10.31.0.0/16', services: '10.32.0.0/16' },
} as const;

interface AwsRegion {
  readonly cidr: string;
  /** Two: databases and clusters ask for no fewer. Each with its range for what has a public address and what has none. */
  readonly zones: readonly [AwsZone, AwsZone];
}

interface AwsZone {
  readonly name: string;
  readonly publicCidr: string;
  readonly privateCidr: string;
}

/** A region that is added takes the next free /16; none ever moves, since a network cannot. */
export const awsRegions: Readonly<Record<string, AwsRegion>> = {
  'eu-west-1': awsRegion(40, 'eu-west-1a', 'eu-west-1b'),
  'eu-central-1': awsRegion(41, 'eu-central-1a', 'eu-central-1b'),
  'us-east-1': awsRegion(42, 'us-east-1a', 'us-east-1b'),
};

function awsRegion(second: number, first: string, other: string): AwsRegion {
  return {
    cidr: `10.${second}.0.0/16`,
    zones: [
      { name: first, publicCidr: `10.${second}.0.0/20`, privateCidr: `10.${second}.64.0/18` },
      { name: other, publicCidr: `10.${second}.16.0/20`, privateCidr: `10.${second}.128.0/18` },
    ],
  };
}
