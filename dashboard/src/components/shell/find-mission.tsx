import { TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { Search } from 'lucide-react';
import { type RefObject, useState } from 'react';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** From anywhere to a mission: its whole id opens it, anything else searches the list for names that begin so. */
export function FindMission({ field }: { field?: RefObject<HTMLInputElement | null> }) {
  const [text, setText] = useState('');
  const navigate = useNavigate();
  const find = () => {
    const q = text.trim();
    if (q === '') return;
    setText('');
    if (ID.test(q.toLowerCase())) {
      void navigate({ to: '/missions/$missionId', params: { missionId: q.toLowerCase() } });
    } else {
      void navigate({ to: '/missions', search: { q } });
    }
  };
  return (
    <search>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          find();
        }}
      >
        <TextInput
          ref={field}
          size="sm"
          aria-label="Find a mission by id or name"
          placeholder="Find by id or name"
          leftSection={<Search size={15} aria-hidden="true" />}
          value={text}
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        />
      </form>
    </search>
  );
}
