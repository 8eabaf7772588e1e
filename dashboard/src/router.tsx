// The pages and their addresses. What a page shows is in its address: filters too.

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  type RouterHistory,
} from '@tanstack/react-router';
import { z } from 'zod';
import { fleetSearch } from './routes/fleet-search';
import { Layout } from './routes/layout';
import { missionsSearch } from './routes/missions-search';
import { newMissionSearch } from './routes/new-mission-search';
import { PageNotFound } from './routes/not-found';
import { OverviewPage } from './routes/overview';
import { RouteFailure } from './routes/route-failure';
import { scheduleSearch, schedulesSearch } from './routes/schedules-search';
import { setAsideSearch } from './routes/set-aside-search';
import { squadsSearch } from './routes/squads-search';
import { RANGES } from './services/trends';
import { settings } from './settings';

const rootRoute = createRootRoute({ component: Layout, notFoundComponent: PageNotFound });

const overviewSearch = z.object({ range: z.enum(RANGES).optional().catch(undefined) });

const overviewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  validateSearch: overviewSearch,
  component: OverviewPage,
});

const missionsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/missions',
  validateSearch: missionsSearch,
  component: lazyRouteComponent(() => import('./routes/missions'), 'MissionsPage'),
});

const newMissionRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/missions/new',
  validateSearch: newMissionSearch,
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
  validateSearch: fleetSearch,
  component: lazyRouteComponent(() => import('./routes/fleet'), 'FleetPage'),
});

const bulkRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/bulk',
  component: lazyRouteComponent(() => import('./routes/bulk'), 'BulkPage'),
});

const squadsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/squads',
  validateSearch: squadsSearch,
  component: lazyRouteComponent(() => import('./routes/squads'), 'SquadsPage'),
});

const schedulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/schedules',
  validateSearch: schedulesSearch,
  component: lazyRouteComponent(() => import('./routes/schedules'), 'SchedulesPage'),
});

const scheduleRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/schedules/$name',
  validateSearch: scheduleSearch,
  component: lazyRouteComponent(() => import('./routes/schedule'), 'SchedulePage'),
});

const setAsideRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/set-aside',
  validateSearch: setAsideSearch,
  component: lazyRouteComponent(() => import('./routes/set-aside'), 'SetAsidePage'),
});

const healthRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/health',
  component: lazyRouteComponent(() => import('./routes/health'), 'HealthPage'),
});

const routeTree = rootRoute.addChildren([
  overviewRoute,
  missionsRoute,
  newMissionRoute,
  missionRoute,
  bulkRoute,
  fleetRoute,
  squadsRoute,
  schedulesRoute,
  scheduleRoute,
  setAsideRoute,
  healthRoute,
]);

export function newRouter(history?: RouterHistory) {
  return createRouter({
    routeTree,
    history,
    basepath: settings.basePath,
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
