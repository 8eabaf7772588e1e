import { PageHead } from '@/components/page-head';

export function SchedulePage() {
  return <PageHead title="Schedule" />;
}
