import { Drawer, Kbd } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import {
  Activity,
  CalendarClock,
  Inbox,
  Keyboard,
  LayoutDashboard,
  ListChecks,
  type LucideIcon,
  Menu,
  Plus,
  Shield,
  Users,
} from 'lucide-react';
import { useEffect, useMemo, useRef } from 'react';
import { ButtonLink } from '@/components/button-link';
import { OutageBanner } from '@/components/outage-banner';
import { ClockBanner } from '@/components/shell/clock-banner';
import { EmbeddedBanner } from '@/components/shell/embedded-banner';
import { FindMission } from '@/components/shell/find-mission';
import { HealthPill } from '@/components/shell/health-pill';
import { Installation } from '@/components/shell/installation';
import { LiveIndicator } from '@/components/shell/live-indicator';
import { ShortcutSheet } from '@/components/shell/shortcut-sheet';
import { ThemeSwitch } from '@/components/shell/theme-switch';
import { ZoneSwitch } from '@/components/shell/zone-switch';
import { type Shortcut, useShortcuts } from '@/hooks/use-shortcuts';
import { address } from '@/settings';
import styles from './layout.module.css';

interface Place {
  to: '/' | '/missions' | '/fleet' | '/squads' | '/schedules' | '/set-aside' | '/health';
  label: string;
  icon: LucideIcon;
  /** Goes there after "g". */
  key: string;
}

const PLACES: Place[] = [
  { to: '/', label: 'Overview', icon: LayoutDashboard, key: 'o' },
  { to: '/missions', label: 'Missions', icon: ListChecks, key: 'm' },
  { to: '/fleet', label: 'Fleet', icon: Users, key: 'f' },
  { to: '/squads', label: 'Squads', icon: Shield, key: 'q' },
  { to: '/schedules', label: 'Schedules', icon: CalendarClock, key: 's' },
  { to: '/set-aside', label: 'Set aside', icon: Inbox, key: 'a' },
  { to: '/health', label: 'Health', icon: Activity, key: 'h' },
];

/** What every page has around it: name, ways, live state, health, and what is away. */
export function Layout() {
  const [menu, { open: openMenu, close: closeMenu }] = useDisclosure(false);
  const [sheet, { open: openSheet, close: closeSheet }] = useDisclosure(false);
  const find = useRef<HTMLInputElement>(null);
  useGlobalShortcuts(openSheet, () => find.current?.focus());
  const path = useRouterState({ select: (state) => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a page was chosen, by whatever way
  useEffect(closeMenu, [path]);

  return (
    <div className={styles.shell}>
      <a className="skip" href="#content">
        Skip to content
      </a>
      <aside className={styles.side}>
        <Brand />
        <Places />
        <Settings onKeys={openSheet} />
      </aside>
      <Drawer opened={menu} onClose={closeMenu} title="Mission Control" size={264} padding="sm">
        <div className={styles.drawer}>
          <Places />
          <Settings onKeys={openSheet} />
        </div>
      </Drawer>
      <div className={styles.body}>
        <header className={styles.top}>
          <button type="button" className={styles.burger} onClick={openMenu} aria-label="Menu">
            <Menu size={20} aria-hidden="true" />
          </button>
          <div className={styles.find}>
            <FindMission field={find} />
          </div>
          <Installation />
          <div className={styles.state}>
            <LiveIndicator />
            <HealthPill />
            <ButtonLink
              to="/missions/new"
              size="sm"
              className={styles.new}
              leftSection={<Plus size={16} aria-hidden="true" />}
            >
              New mission
            </ButtonLink>
          </div>
        </header>
        <main id="content" tabIndex={-1} className={styles.main}>
          <EmbeddedBanner />
          <ClockBanner />
          <OutageBanner />
          <Outlet />
        </main>
      </div>
      <ShortcutSheet opened={sheet} onClose={closeSheet} />
    </div>
  );
}

function Brand() {
  return (
    <Link to="/" className={styles.brand} aria-label="Mission Control, to the overview">
      <img src={address('favicon.svg')} alt="" width={26} height={26} />
      <span>Mission Control</span>
    </Link>
  );
}

function Places() {
  return (
    <nav aria-label="Main" className={styles.nav}>
      {PLACES.map(({ to, label, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          className={styles.link}
          activeProps={{ className: styles.active }}
          activeOptions={{ includeSearch: false, exact: to === '/' }}
        >
          <Icon size={17} aria-hidden="true" />
          {label}
        </Link>
      ))}
    </nav>
  );
}

function Settings({ onKeys }: { onKeys: () => void }) {
  return (
    <div className={styles.settings}>
      <ThemeSwitch />
      <ZoneSwitch />
      <button type="button" className={styles.keys} onClick={onKeys} aria-label="Keyboard shortcuts">
        <Keyboard size={16} aria-hidden="true" />
        <Kbd size="xs">?</Kbd>
      </button>
    </div>
  );
}

function useGlobalShortcuts(openSheet: () => void, find: () => void) {
  const navigate = useNavigate();
  const act = useRef({ openSheet, find });
  act.current = { openSheet, find };
  const shortcuts = useMemo(
    (): Shortcut[] => [
      { keys: '?', label: 'These shortcuts', run: () => act.current.openSheet() },
      { keys: '/', label: 'Find a mission', run: () => act.current.find() },
      { keys: 'n', label: 'New mission', run: () => void navigate({ to: '/missions/new' }) },
      ...PLACES.map(({ to, label, key }) => ({
        keys: `g ${key}`,
        label: `Go to ${label.toLowerCase()}`,
        run: () => void navigate({ to }),
      })),
    ],
    [navigate],
  );
  useShortcuts(shortcuts);
}
