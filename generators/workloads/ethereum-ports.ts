/** Where the two clients of an Ethereum node listen, in the cluster and on machines of their own. */
export const ethereumPorts = {
  geth: { http: 8545, ws: 8546, engine: 8551, peers: 30303, metrics: 6060 },
  lighthouse: { http: 5052, peers: 9000, quic: 9001, metrics: 5054 },
} as const;
