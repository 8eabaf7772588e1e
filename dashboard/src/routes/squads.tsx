import { PageHead } from '@/components/page-head';

export function SquadsPage() {
  return <PageHead title="Squads" />;
}
