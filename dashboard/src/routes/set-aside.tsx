import { PageHead } from '@/components/page-head';

export function SetAsidePage() {
  return <PageHead title="Set aside" />;
}
