import { afterAll, afterEach, beforeAll } from 'vitest';
import { documentSuite } from './testing/document-suite.ts';
import { healthRoutesSuite } from './testing/health-routes-suite.ts';
import { keptSuite } from './testing/kept-suite.ts';
import { networkRoutesSuite } from './testing/network-routes-suite.ts';
import { pageRoutesSuite } from './testing/page-routes-suite.ts';
import { clearPlatform, closePlatform, openPlatform } from './testing/platform.ts';
import { reorgRoutesSuite } from './testing/reorg-routes-suite.ts';
import { statsRouteSuite } from './testing/stats-route-suite.ts';

// In one file, as each file is a process that would start stores of its own.
beforeAll(openPlatform);
afterEach(clearPlatform);
afterAll(closePlatform);

networkRoutesSuite();
pageRoutesSuite();
statsRouteSuite();
keptSuite();
reorgRoutesSuite();
healthRoutesSuite();
documentSuite();
