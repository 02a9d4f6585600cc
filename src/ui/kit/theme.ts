/** Mantine dressed in the studio's tokens: its own greys and green, and calmer defaults for the few widgets in use. */
import {
  ActionIcon,
  Button,
  Checkbox,
  createTheme,
  type MantineColorsTuple,
  NativeSelect,
  TextInput,
} from '@mantine/core';
import styles from '#ui/kit/fields.module.css';

const pine: MantineColorsTuple = [
  '#eef6f3',
  '#dcebe5',
  '#b9d7cc',
  '#93c2b1',
  '#73b09a',
  '#5fa58c',
  '#4a927a',
  '#2b6a5c',
  '#245b4f',
  '#1b4a40',
];
/** Mantine takes text from 0, borders from 4, surfaces from 6 and the page from 7. */
const dark: MantineColorsTuple = [
  '#e6ecea',
  '#c6d2cf',
  '#a3b3b0',
  '#7c8d8a',
  '#3a464a',
  '#2d373b',
  '#1e2629',
  '#1a2124',
  '#151b1e',
  '#0f1416',
];

export const theme = createTheme({
  colors: { pine, dark },
  primaryColor: 'pine',
  // White text is readable on it in both schemes.
  primaryShade: 7,
  defaultRadius: 'md',
  fontFamily: 'var(--w-font)',
  headings: { fontFamily: 'var(--w-font)', fontWeight: '600' },
  black: '#1c2a2a',
  cursorType: 'pointer',
  components: {
    // No target smaller than 24 pixels.
    ActionIcon: ActionIcon.extend({
      vars: (_theme, { size }) => ({ root: size === 'sm' ? { '--ai-size': '1.625rem' } : {} }),
    }),
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    Checkbox: Checkbox.extend({ classNames: { input: styles.tick as string } }),
    NativeSelect: NativeSelect.extend({ defaultProps: { size: 'sm' } }),
    TextInput: TextInput.extend({ defaultProps: { size: 'sm' } }),
  },
});
