import { PageHead } from '@/components/page-head';

export function BulkPage() {
  return <PageHead title="Bulk jobs" />;
}
