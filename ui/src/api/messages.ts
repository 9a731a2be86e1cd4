// SPDX-License-Identifier: MIT
// What is said of an answer, or of none.
export const apiMessages = {
  'api.unreachable': 'The daemon did not answer.',
  'api.status': 'The daemon answered {status}.',
};
