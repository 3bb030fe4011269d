import { type StoreContext, storeMetadata } from './store-context.ts';

/** Holds the authority's certificate, which clients check the server's by. */
export function caSecretOf(store: string): string {
  return `${store}-ca`;
}

/** Holds the server's certificate and key. */
export function serverSecretOf(store: string): string {
  return `${store}-tls`;
}

/** An authority of the store's own, and a certificate of its servers, both renewed by cert-manager. */
export function renderCertificates(context: StoreContext, dnsNames: readonly string[]): object[] {
  const { engine } = context.store;
  const [root, ca, server] = [`${engine}-root`, caSecretOf(engine), serverSecretOf(engine)];
  const issuer = (name: string, spec: object) => ({
    apiVersion: 'cert-manager.io/v1',
    kind: 'Issuer',
    metadata: storeMetadata(context, { name, wave: 'config' }),
    spec,
  });
  const certificate = (name: string, issuerName: string, spec: object) => ({
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: storeMetadata(context, { name, wave: 'config' }),
    spec: {
      secretName: name,
      issuerRef: { kind: 'Issuer', group: 'cert-manager.io', name: issuerName },
      privateKey: { algorithm: 'ECDSA', size: 256, rotationPolicy: 'Always' },
      ...spec,
    },
  });
  return [
    issuer(root, { selfSigned: {} }),
    // Ten years: what a client trusts should not change under it.
    certificate(ca, root, { isCA: true, commonName: ca, duration: '87600h' }),
    issuer(ca, { ca: { secretName: ca } }),
    certificate(server, ca, {
      dnsNames: [...dnsNames],
      usages: ['server auth', 'client auth'],
      duration: '2160h',
      renewBefore: '720h',
    }),
  ];
}
