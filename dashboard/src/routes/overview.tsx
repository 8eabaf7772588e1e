import { PageHead } from '@/components/page-head';

export function OverviewPage() {
  return <PageHead title="Overview" />;
}
