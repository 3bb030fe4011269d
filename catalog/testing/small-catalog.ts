/**
 * A catalog that holds, as small as one with every kind can be: what tests change in one place, to see that place
 * reported. File by file, as on disk.
 */
export const smallCatalog: Readonly<Record<string, string>> = {
  'owners.yaml': `owners:
  - id: platform
    name: Platform
    purpose: Everything
    contact: admin@example.com
    notify: { channel: platform, secretRef: alerting/platform }
`,
  'topics.yaml': `topics:
  - id: chain.blocks
    purpose: Changes of the chains
    owner: platform
    pool: main
    key: network
    partitions: 3
    cleanup: delete
    retentionHours: 24
    retentionMiB: 1000
    producers: [chain-sync]
    consumers: [api]
`,
  'components.yaml': `components:
  - id: cert-manager
    name: cert-manager
    purpose: Certificates
    owner: platform
    repo: https://charts.example.com
    chart: cert-manager
    version: v1.2.3
    namespace: cert-manager
`,
  'plans.yaml': `plans:
  - id: free
    name: Free
    price: { amount: '0', currency: USD, every: month }
    limits: { channels: 3 }
    features: []
    owner: platform
`,
  'networks/alpha.yaml': `id: alpha
name: Alpha
kind: evm
chainId: 1001
status: active
phase: 1
priority: 8
owner: platform
stack: geth
settlement: self
nativeCurrency: { symbol: ETH, decimals: 18 }
finality: { tag: finalized }
rpc:
  - url: https://alpha.example.com
rpcWs:
  - wss://alpha.example.com
`,
  'networks/beta.yaml': `id: beta
name: Beta
kind: evm
chainId: 1002
status: active
phase: 2
priority: 6
owner: platform
stack: op_stack
settlement: alpha
nativeCurrency: { symbol: ETH, decimals: 18 }
finality: { confirmations: 450 }
rpc:
  - url: https://beta.example.com
`,
  'networks/gamma.yaml': `id: gamma
name: Gamma
kind: evm
chainId: 1002
aliasOf: beta
status: retired
statusNote: Another name of Beta.
phase: 3
priority: 3
owner: platform
stack: op_stack
settlement: alpha
nativeCurrency: { symbol: ETH, decimals: 18 }
finality: {}
rpc: []
`,
  'networks/delta.yaml': `id: delta
name: Delta
kind: cosmos
networkId: delta-1
successor: alpha
status: deprecated
statusNote: Declining.
phase: 3
priority: 3
owner: platform
stack: cosmos_sdk
settlement: kusama
nativeCurrency: { symbol: DLT, decimals: 6 }
finality: { tag: commit }
rpc:
  - url: https://delta.example.com
`,
  'pairs/defi.yaml': `category: defi
exchange: binance
market: spot
owner: platform
quote: USDT
priority: 5
status: active

pairs:
  # The two that are traded.
  - { symbol: UNIUSDT, base: UNI, tickSize: '0.001', stepSize: '0.01' }
  - { symbol: AAVEUSDT, base: AAVE, tickSize: '0.01', stepSize: '0.001', minNotional: '5' }

  # Retired.
  - symbol: MKRUSDT
    base: MKR
    tickSize: '0.1'
    stepSize: '0.0001'
    status: retired
    statusNote: Renamed.
    successor: UNIUSDT
`,
  'channels/github-alpha-node.yaml': `id: github-alpha-node
name: Alpha on GitHub
platform: github
handle: Alpha/node
visibility: public
networks: [alpha]
status: active
owner: platform
`,
  'channels/telegram-beta.yaml': `id: telegram-beta
name: Beta on Telegram
platform: telegram
handle: beta
visibility: private
secretRef: telegram/session
networks: [beta, alpha]
status: active
owner: platform
`,
  'protocols/weth.yaml': `id: weth
name: Wrapped Ether
category: token
status: active
owner: platform
contracts:
  - { network: alpha, name: WETH9, address: "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2" }
  - { network: beta, name: WETH9, address: "0x4200000000000000000000000000000000000006" }
events:
  - contract: WETH9
    signature: event Deposit(address indexed dst, uint256 wad)
  - contract: WETH9
    signature: event Withdrawal(address indexed src, uint256 wad)
`,
  'machines/hetzner.yaml': `provider: hetzner
owner: platform
servers:
  - type: ccx33
    role: dedicated
    vcpu: 8
    memoryGiB: 32
    diskGB: 240
    price: { currency: EUR, perMonth: 100 }
    source: a test
databases:
  - type: db-small
    engines: [postgresql]
    vcpu: 2
    memoryGiB: 4
    price: { currency: EUR, perMonth: 40 }
    source: a test
disks:
  - type: volume
    price: { currency: EUR, perGBMonth: 0.1 }
    source: a test
  - type: foreign
    price: { currency: USD, perGBMonth: 0.1 }
    source: a test
`,
  'pools/main.yaml': `id: main
name: Main pool
purpose: Everything
owner: platform
provider: hetzner
regions: [nbg1]
cluster: main
kubernetesVersion: '1.35'
namespaces: [main]
domain: main.example.com
budget: { monthly: 200, currency: EUR }
backups: { dailyRetentionDays: 7, weeklyRetentionDays: 28 }
nodeGroups:
  - id: general
    kind: kubernetes
    machine: ccx33
    min: 1
    max: 2
stores:
  - kind: relational
    engine: postgresql
    managed: false
    storageGB: 100
    disk: volume
    resources: { requests: { cpu: '1', memory: 4Gi }, limits: { cpu: '2', memory: 8Gi } }
  - kind: cache
    engine: redis
    managed: false
  - kind: bus
    engine: kafka
    managed: false
workloads:
  - id: grafana
    purpose: Dashboards
    nodeGroup: general
    replicas: 1
    port: 3001
`,
  'pools/later.yaml': `id: later
name: Later pool
purpose: Not decided yet
owner: platform
provider: undecided
regions: []
namespaces: [later]
domain: later.example.com
backups: { dailyRetentionDays: 7, weeklyRetentionDays: 28 }
nodeGroups:
  - { id: general, kind: kubernetes, min: 0, max: 1 }
stores:
  - { kind: relational, engine: postgresql, managed: false }
`,
  'services/chain-sync.yaml': `id: chain-sync
name: Chain sync
purpose: Follows the networks
owner: platform
pool: main
namespace: main
released: true
reload: hot
reads: [networks, topics]
needs: [relational, bus]
ports:
  - { name: admin, port: 9101 }
routes: []
resources:
  requests: { cpu: '1', memory: 2Gi }
  limits: { cpu: '2', memory: 4Gi }
scaling: { min: 1, max: 2 }
`,
  'services/api.yaml': `id: api
name: API
purpose: Serves what there is
owner: platform
pool: main
namespace: main
released: true
reload: hot
reads: [networks, pairs, topics]
needs: [relational, cache, bus]
ports:
  - { name: http, port: 8000, public: true }
  - { name: admin, port: 9102 }
routes:
  - { path: /api, port: http, auth: none }
  - { path: /admin, port: http, auth: jwt, roles: [admin] }
resources:
  requests: { cpu: 500m, memory: 1Gi }
scaling: { min: 2, max: 4 }
secrets:
  - { env: JWT_SECRET, secretRef: auth/jwt }
  - { env: OTHER, secretRef: auth/other }
`,
  'services/forecast.yaml': `id: forecast
name: Forecasts
purpose: Later
owner: platform
pool: later
namespace: later
released: false
reload: restart
reads: [pairs]
needs: [relational]
ports:
  - { name: http, port: 8001, public: true }
routes:
  - { path: /api, port: http, auth: none }
resources:
  requests: { cpu: 500m, memory: 1Gi }
scaling: { min: 1, max: 1 }
`,
};

/** The small catalog with one file's text changed: every `from` must be there. */
export function smallCatalogWith(
  file: string,
  ...edits: readonly (readonly [from: string, to: string])[]
): Map<string, string> {
  let text = smallCatalog[file] ?? '';
  for (const [from, to] of edits) {
    if (!text.includes(from)) throw new Error(`"${from}" is not in ${file}`);
    text = text.replace(from, () => to);
  }
  return new Map(Object.entries({ ...smallCatalog, [file]: text }));
}
