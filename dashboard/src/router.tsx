// The pages and their addresses. What a page shows is in its address: filters too.

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouterHistory,
  redirect,
} from '@tanstack/react-router';
import { z } from 'zod';
import { Layout } from './routes/layout';
import { MissionsPage } from './routes/missions';
import { PageNotFound } from './routes/not-found';
import { RouteFailure } from './routes/route-failure';
import { NAME_PATTERN, STATUSES } from './services/missions';

const rootRoute = createRootRoute({ component: Layout, notFoundComponent: PageNotFound });

const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/missions', replace: true });
  },
});

const filterName = z.coerce.string().regex(NAME_PATTERN).optional().catch(undefined);
// A hand-made address with nonsense in it shows the unfiltered list, and the address says so.
const missionsSearch = z.object({
  status: z.enum(STATUSES).optional().catch(undefined),
  kind: filterName,
  squad: filterName,
});

const missionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/missions',
  validateSearch: missionsSearch,
  component: MissionsPage,
});

const newMissionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/missions/new',
  component: lazyRouteComponent(() => import('./routes/new-mission'), 'NewMissionPage'),
});

const missionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/missions/$missionId',
  component: lazyRouteComponent(() => import('./routes/mission'), 'MissionPage'),
});

const fleetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/fleet',
  component: lazyRouteComponent(() => import('./routes/fleet'), 'FleetPage'),
});

const healthRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/health',
  component: lazyRouteComponent(() => import('./routes/health'), 'HealthPage'),
});

const routeTree = rootRoute.addChildren([
  indexRoute,
  missionsRoute,
  newMissionRoute,
  missionRoute,
  fleetRoute,
  healthRoute,
]);

export function newRouter(history?: RouterHistory) {
  return createRouter({
    routeTree,
    history,
    defaultPreload: 'intent',
    defaultErrorComponent: RouteFailure,
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
