/** Every service serves /metrics, /livez and /readyz here, beside the ports that the catalog gives it. Never routed to the outside. */
export const opsPort = 9464;
