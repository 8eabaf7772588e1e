import { ButtonLink } from '@/components/button-link';
import { PageHead } from '@/components/page-head';
import { NotFound } from '@/components/states';

export function PageNotFound() {
  return (
    <>
      <PageHead title="Not found" />
      <NotFound
        title="There is no such page"
        action={<ButtonLink to="/missions">To the missions</ButtonLink>}
      >
        The address may be mistyped, or from another version of the dashboard.
      </NotFound>
    </>
  );
}
