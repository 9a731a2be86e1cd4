// SPDX-License-Identifier: MIT
import { useQuery } from '@tanstack/react-query';
import { api, take } from '@/api/client';

export function useStatus() {
  return useQuery({ queryKey: ['status'], queryFn: () => take(api.GET('/api/v1/status')) });
}
