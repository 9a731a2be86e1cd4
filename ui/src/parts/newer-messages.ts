// SPDX-License-Identifier: MIT
export const newerMessages = {
  'newer.told': 'The file was changed by somebody else since you began. Your text is kept.',
  'newer.look': 'Look at both',
  'newer.title': 'The file was changed by somebody else',
  'newer.why': 'You changed different lines, so both fit into one file. You see it before it is saved.',
  'newer.overlap':
    'You both changed the same lines. Keep your text and mend it by hand, or take theirs. You see it before it is saved.',
  'newer.theirs': 'What they changed',
  'newer.mine': 'What you changed',
  'newer.drop': 'Take theirs, drop mine',
  'newer.keep': 'Keep my text whole',
  'newer.merge': 'Put mine into theirs',
};
