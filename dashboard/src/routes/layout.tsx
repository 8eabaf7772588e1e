import { Link, Outlet } from '@tanstack/react-router';
import { Activity, ListChecks, Users } from 'lucide-react';
import { EmbeddedBanner } from '@/components/embedded-banner';
import { HealthPill } from '@/components/health-pill';
import { LiveIndicator } from '@/components/live-indicator';
import { OutageBanner } from '@/components/outage-banner';
import { ThemeSwitch } from '@/components/theme-switch';

const PLACES = [
  { to: '/missions', label: 'Missions', icon: ListChecks },
  { to: '/fleet', label: 'Fleet', icon: Users },
  { to: '/health', label: 'Health', icon: Activity },
] as const;

/** What every page has around it: name, ways, live state, health, and what is away. */
export function Layout() {
  return (
    <>
      <a className="skip" href="#content">
        Skip to content
      </a>
      <header className="header">
        <div className="header-inner">
          <Link to="/missions" className="brand" aria-label="Mission Control, to the missions">
            <img src="/favicon.svg" alt="" width={26} height={26} />
            <span>Mission Control</span>
          </Link>
          <nav aria-label="Main" className="nav">
            {PLACES.map(({ to, label, icon: Icon }) => (
              <Link key={to} to={to} className="nav-link" activeOptions={{ includeSearch: false }}>
                <Icon size={16} aria-hidden="true" />
                {label}
              </Link>
            ))}
          </nav>
          <div className="header-state">
            <LiveIndicator />
            <HealthPill />
            <ThemeSwitch />
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <EmbeddedBanner />
        <OutageBanner />
        <Outlet />
      </main>
    </>
  );
}
