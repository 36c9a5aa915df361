import { randomUUID } from 'node:crypto';
import { backfillSignals, type Configuration, topicNames } from '@friend-sync/connectors';
