/** Types whose answers are worth the work: text of ours. What is compressed already, as the dashboard's files, is left as it is. */
const compressedTypes = [
  'application/javascript',
  'application/json',
  'application/problem+json',
  'application/x-ndjson',
  'image/svg+xml',
  'text/css',
  'text/csv',
  'text/javascript',
  'text/plain',
];

/** What a proxy in front may say of a request, and a caller therefore may write himself. */
const forwarded = ['For', 'Host', 'Path', 'Port', 'Prefix', 'Proto'].map((part) => `X-Forwarded-${part}`);

/**
 * What Kong's nginx is told of its public side, by directive. Kong writes settings named `nginx_proxy_<directive>` into the server that
 * proxies. Sources: developer.konghq.com/gateway/nginx-directives; ngx_http_gzip_module; headers-more-nginx-module, which Kong's OpenResty has.
 */
const directives: Readonly<Record<string, string>> = {
  // Answers are compressed here and not in services, whose one thread has other work. nginx makes an ETag weak by it (RFC 9110, 8.8.1),
  // and services compare ETags weakly, as If-None-Match asks.
  gzip: 'on',
  // Digits and hashes hardly get smaller at a higher level, at up to twice the work.
  gzip_comp_level: '1',
  gzip_min_length: '1024',
  gzip_proxied: 'any',
  gzip_types: compressedTypes.join(' '),
  gzip_vary: 'on',
  // Nothing of ours stands in front that writes these: balancers hand connections on. Kong would pass on what a caller writes, and after
  // it not the caller's address but that of the balancer (`realip_remote_addr`): who wrote his own would be believed, or be one with all
  // others who do. Without them, Kong writes the caller's address, and only it.
  more_clear_input_headers: forwarded.join(' '),
};

/** The directives as settings of Kong: `nginx_proxy_gzip`. */
export function nginxSettings(): Record<string, string> {
  return Object.fromEntries(Object.entries(directives).map(([name, value]) => [`nginx_proxy_${name}`, value]));
}
