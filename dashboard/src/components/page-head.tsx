import { type ReactNode, useEffect } from 'react';
import { useSettings } from '@/hooks/use-settings';

/** The page's heading, which also names the tab. */
export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  const { title: installation } = useSettings();
  useEffect(() => {
    document.title = [title, installation, 'Mission Control'].filter(Boolean).join(' · ');
  }, [title, installation]);
  return (
    <div className="page-head">
      <h1>{title}</h1>
      {children && <div className="page-actions">{children}</div>}
    </div>
  );
}
