// SPDX-License-Identifier: MIT
// The pages of the rail, in its order. Actions, palette, rail and the narrow bottom bar are made from this one list.
import {
  Bot,
  BrainCircuit,
  CircleDollarSign,
  Cpu,
  Globe,
  Hand,
  House,
  ListTree,
  type LucideIcon,
  MessageSquare,
  ScrollText,
  Settings,
  ShieldCheck,
  SquareTerminal,
} from 'lucide-react';

export type NavItem = {
  id: string;
  to: string;
  icon: LucideIcon;
  keys: string;
  group: 'work' | 'minds' | 'govern' | 'end';
};

export const kNav: NavItem[] = [
  { id: 'home', to: '/', icon: House, keys: 'g h', group: 'work' },
  { id: 'chat', to: '/chat', icon: MessageSquare, keys: 'g c', group: 'work' },
  { id: 'sessions', to: '/sessions', icon: ListTree, keys: 'g s', group: 'work' },
  { id: 'processes', to: '/processes', icon: SquareTerminal, keys: 'g x', group: 'work' },
  { id: 'models', to: '/models', icon: Cpu, keys: 'g m', group: 'minds' },
  { id: 'agents', to: '/agents', icon: Bot, keys: 'g b', group: 'minds' },
  { id: 'memory', to: '/memory', icon: BrainCircuit, keys: 'g y', group: 'minds' },
  { id: 'policy', to: '/policy', icon: ShieldCheck, keys: 'g p', group: 'govern' },
  { id: 'approvals', to: '/approvals', icon: Hand, keys: 'g a', group: 'govern' },
  { id: 'audit', to: '/audit', icon: ScrollText, keys: 'g u', group: 'govern' },
  { id: 'egress', to: '/egress', icon: Globe, keys: 'g n', group: 'govern' },
  { id: 'costs', to: '/costs', icon: CircleDollarSign, keys: 'g o', group: 'govern' },
  { id: 'settings', to: '/settings', icon: Settings, keys: 'g e', group: 'end' },
];
