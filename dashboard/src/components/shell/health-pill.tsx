import { Link } from '@tanstack/react-router';
import { CircleCheck, CircleHelp, CircleX, TriangleAlert } from 'lucide-react';
import { useHealth } from '@/hooks/use-queries';
import { isCutOff, useStreamStatus } from '@/live/live-context';
import type { Health } from '@/services/health';

export type Overall = 'ok' | 'warn' | 'degraded' | 'down' | 'unknown';

export const OVERALL_LOOKS = {
  ok: { label: 'Healthy', icon: CircleCheck },
  warn: { label: 'Warning', icon: TriangleAlert },
  degraded: { label: 'Degraded', icon: TriangleAlert },
  down: { label: 'Down', icon: CircleX },
  unknown: { label: 'Health unknown', icon: CircleHelp },
} as const;

export function overall(health: Health | undefined): Overall {
  if (!health) return 'unknown';
  if (health.status !== 'ok') return health.status;
  return Object.values(health.checks).some((check) => check.status === 'warn' || check.warning)
    ? 'warn'
    : 'ok';
}

/** The stack's health in one word, a way to the page that explains it. */
export function HealthPill() {
  const { data } = useHealth();
  const { phase } = useStreamStatus();
  // An old answer is no answer: with the stream away nobody knows.
  const state = isCutOff(phase) ? 'unknown' : overall(data);
  const { label, icon: Icon } = OVERALL_LOOKS[state];
  return (
    <Link to="/health" className="pill" data-health={state} aria-label={`System health: ${label}`}>
      <Icon size={14} aria-hidden="true" />
      {label}
    </Link>
  );
}
