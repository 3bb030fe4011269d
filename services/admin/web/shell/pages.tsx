import { type ComponentType, type LazyExoticComponent, lazy, type ReactNode } from 'react';

/** One entry of the navigation. `paths`: what of the address leads to it. */
export interface Page {
  readonly title: string;
  readonly href: string;
  readonly paths: readonly string[];
  readonly icon: ReactNode;
  readonly component: LazyExoticComponent<ComponentType>;
}

/** Lines of 24 by 24, drawn with the colour of the text. */
function Icon({ d }: { readonly d: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.9"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={d} />
    </svg>
  );
}

export const pages: readonly Page[] = [
  {
    title: 'Overview',
    href: '/',
    paths: ['/'],
    icon: <Icon d="M4 13h6V4H4zM14 20h6v-9h-6zM4 20h6v-3H4zM14 7h6V4h-6z" />,
    component: lazy(async () => ({ default: (await import('../pages/overview/overview-page.tsx')).OverviewPage })),
  },
  {
    title: 'Networks',
    href: '/networks',
    paths: ['/networks', '/networks/:network'],
    icon: <Icon d="M12 3v4M12 17v4M5 8l3 2M16 14l3 2M5 16l3-2M16 10l3-2M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z" />,
    component: lazy(async () => ({ default: (await import('../pages/networks/networks-page.tsx')).NetworksPage })),
  },
  {
    title: 'Markets',
    href: '/markets',
    paths: ['/markets', '/markets/:symbol'],
    icon: <Icon d="M6 4v4M6 16v4M4 8h4v8H4zM17 3v3M17 14v6M15 6h4v8h-4z" />,
    component: lazy(async () => ({ default: (await import('../pages/markets/markets-page.tsx')).MarketsPage })),
  },
  {
    title: 'Protocols',
    href: '/protocols',
    paths: ['/protocols', '/protocols/:protocol'],
    icon: <Icon d="M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9" />,
    component: lazy(async () => ({ default: (await import('../pages/protocols/protocols-page.tsx')).ProtocolsPage })),
  },
  {
    title: 'Catalog',
    href: '/catalog',
    paths: ['/catalog', '/catalog/:kind', '/catalog/:kind/:id'],
    icon: <Icon d="M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11M9 8h6" />,
    component: lazy(async () => ({ default: (await import('../pages/catalog/catalog-page.tsx')).CatalogPage })),
  },
  {
    title: 'Pools',
    href: '/pools',
    paths: ['/pools'],
    icon: <Icon d="M4 5h16v5H4zM4 14h16v5H4zM8 7.5h.01M8 16.5h.01" />,
    component: lazy(async () => ({ default: (await import('../pages/pools/pools-page.tsx')).PoolsPage })),
  },
  {
    title: 'Health',
    href: '/health',
    paths: ['/health'],
    icon: <Icon d="M3 12h4l3-8 4 16 3-8h4" />,
    component: lazy(async () => ({ default: (await import('../pages/health/health-page.tsx')).HealthPage })),
  },
];
