// SPDX-License-Identifier: MIT
export const uiMessages = {
  'ui.close': 'Close',
  'ui.cancel': 'Cancel',
  'ui.keep': 'Keep it',
  'ui.undo': 'Undo',
  'ui.dismiss': 'Dismiss',
  'ui.away': 'Not while the daemon is away',
  'ui.retry': 'Try again',
  'ui.copied': 'Copied',
  'ui.pane': 'Details',
  'ui.pane.edge': 'Width of the details',
  'ui.list.select': 'Select {name}',
  'ui.list.more': 'Loading more',
  'ui.loading': 'Loading',
  'ui.loading.long': 'Loading, {seconds} s so far',
  'ui.error.details': 'Details',
  'ui.error.copy': 'Copy as report',
  'ui.error.offline':
    'The daemon did not answer. What is shown may be old; it is loaded again when the daemon is back.',
  'ui.confirm.hint': 'This cannot be undone.',
};
