import type { Json, JsonObject } from '../emit/yaml.ts';
import type { PolicyRule } from './policy.ts';
import {
  containersOf,
  isMapping,
  isProviders,
  mappingsIn,
  mappingsOf,
  podSpecsOf,
  stringMapAt,
  stringsIn,
  valueAt,
} from './walk.ts';

/** Rules of what runs: images, resources, privileges. */
export const podRules: readonly PolicyRule[] = [
  {
    code: 'POL002',
    rule: 'an image is of one fixed version',
    why: 'what runs must be what was reviewed, on every node and after every restart',
    fix: 'name a version, better a digest',
    *check({ manifests }) {
      // The image of a machine is its operating system's.
      for (const manifest of manifests.filter(({ apiVersion }) => !isProviders(apiVersion))) {
        for (const { path, key, text } of stringsIn(manifest)) {
          if ((key === 'image' || key === 'imageName') && !isFixed(text)) {
            yield { manifest, detail: `${path} is ${text}` };
          }
        }
      }
    },
  },
  {
    code: 'POL003',
    rule: 'a container asks for CPU and memory, and has limits',
    why: 'a pod without requests is placed anywhere, and one without a limit takes its neighbours down',
    fix: 'state resources in the catalog',
    *check({ manifests }) {
      for (const manifest of manifests) {
        for (const container of podSpecsOf(manifest).flatMap(containersOf)) {
          const missing = ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'].filter(
            (path) => valueAt(container.value.resources, ...path.split('.')) === undefined,
          );
          if (missing.length > 0) yield { manifest, detail: `${container.path} has no ${missing.join(', ')}` };
        }
      }
    },
  },
  {
    code: 'POL004',
    rule: 'a pod runs without privilege, as nobody, on nothing of its node',
    why: 'whoever breaks into it must find himself nowhere',
    fix: 'set the security context of a restricted pod',
    *check({ manifests }) {
      for (const manifest of manifests) {
        for (const pod of podSpecsOf(manifest)) {
          const details = [
            ...privilegesOfPod(pod.value).map((what) => `${pod.path} ${what}`),
            ...containersOf(pod).flatMap(({ path, value }) =>
              privilegesOfContainer(value, pod.value).map((what) => `${path} ${what}`),
            ),
          ];
          for (const detail of details) yield { manifest, detail };
        }
        const level = stringMapAt(manifest, 'metadata', 'labels')['pod-security.kubernetes.io/enforce'];
        if (manifest.kind === 'Namespace' && level !== 'restricted') {
          yield { manifest, detail: `lets in pods that are ${level ?? 'of any kind'}` };
        }
        // What an operator makes of its own object is as privileged as that says.
        for (const { path, value } of mappingsIn(manifest)) {
          if (value.privileged === true && !path.endsWith('securityContext')) {
            yield { manifest, detail: `${path} is privileged` };
          }
        }
      }
    },
  },
  {
    code: 'POL011',
    rule: 'a pod has no token of Kubernetes unless it uses one',
    why: 'our services never talk to Kubernetes, and a stolen token does',
    fix: 'set automountServiceAccountToken: false',
    *check({ manifests }) {
      for (const manifest of manifests) {
        for (const { path, value } of podSpecsOf(manifest)) {
          // Of pods that others make we write the containers alone; the account is theirs.
          if (!path.endsWith('template.spec') || isOperators(manifest.apiVersion)) continue;
          if (value.automountServiceAccountToken !== false) yield { manifest, detail: `${path} mounts one` };
        }
      }
    },
  },
];

const ownGroups = new Set(['apps', 'batch']);

function isOperators(apiVersion: string): boolean {
  return !ownGroups.has(apiVersion.split('/')[0] ?? '');
}

/** `repository:tag` or `repository@digest`, the tag not one that moves. */
function isFixed(image: string): boolean {
  if (/@sha256:[0-9a-f]{64}$/.test(image)) return true;
  const tag = /:([^:/@]+)$/.exec(image)?.[1];
  return tag !== undefined && !['latest', 'stable', 'main', 'master', 'edge', 'nightly'].includes(tag);
}

function privilegesOfPod(pod: JsonObject): string[] {
  const shared = ['hostNetwork', 'hostPID', 'hostIPC'].filter((key) => pod[key] === true);
  const paths = mappingsOf(pod.volumes).filter(({ hostPath }) => hostPath !== undefined);
  return [
    ...shared.map((key) => `has ${key}`),
    ...paths.map(({ name }) => `mounts the node's disk as ${String(name)}`),
  ];
}

function privilegesOfContainer(container: JsonObject, pod: JsonObject): string[] {
  const own = container.securityContext;
  const ofBoth = (key: string): Json | undefined => valueAt(own, key) ?? valueAt(pod.securityContext, key);
  const added = valueAt(own, 'capabilities', 'add');
  const dropped = valueAt(own, 'capabilities', 'drop');
  const ports = mappingsOf(container.ports).filter(({ hostPort }) => hostPort !== undefined);
  return [
    ...(valueAt(own, 'privileged') === true ? ['is privileged'] : []),
    ...(valueAt(own, 'allowPrivilegeEscalation') !== false ? ['may gain privileges'] : []),
    ...(ofBoth('runAsNonRoot') !== true ? ['may run as root'] : []),
    ...(isMapping(ofBoth('seccompProfile')) ? [] : ['has no seccomp profile']),
    ...(Array.isArray(added) && added.length > 0 ? [`adds capabilities ${added.join(', ')}`] : []),
    ...(Array.isArray(dropped) && dropped.includes('ALL') ? [] : ['keeps capabilities']),
    ...ports.map(({ hostPort }) => `takes port ${String(hostPort)} of its node`),
  ];
}
