import { Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';

type Props = Omit<ButtonProps, 'component'> &
  AnchorHTMLAttributes<HTMLAnchorElement> & { ref?: Ref<HTMLAnchorElement> };

/** A link of the app that looks like a button. */
export const ButtonLink = createLink(({ ref, ...props }: Props) => (
  <Button component="a" ref={ref} {...props} />
));
