// What a Docker engine has: containers, images and volumes, and what happened to them.
import { createHash } from 'node:crypto';

export interface SimContainer {
  id: string;
  name: string;
  project: string;
  service: string;
  imageRef: string;
  imageId: string;
  status: 'created' | 'running' | 'exited';
  paused: boolean;
  startedMs: number;
  configHash: string;
  variables: Record<string, string>;
  mounts: Array<{ type: 'volume' | 'bind'; source: string; target: string }>;
  ports: Array<{ hostIp: string; hostPort: string; target: number }>;
  networks: string[];
}

export interface SimEvent {
  action: string;
  id: string;
  project: string;
  service: string;
  atMs: number;
}

export class Containers {
  containers = new Map<string, SimContainer>();
  /** Image id by `name:tag`. */
  tags = new Map<string, string>();
  images = new Set<string>();
  volumes = new Set<string>();
  /** Project by network name. */
  networks = new Map<string, string>();
  events: SimEvent[] = [];
  private made = 0;

  copy(): Containers {
    const other = new Containers();
    for (const [id, each] of this.containers) other.containers.set(id, { ...each });
    other.tags = new Map(this.tags);
    other.images = new Set(this.images);
    other.volumes = new Set(this.volumes);
    other.networks = new Map(this.networks);
    other.events = [...this.events];
    other.made = this.made;
    return other;
  }

  describe(): string {
    const { containers, tags, images, volumes, networks, events, made } = this;
    return JSON.stringify([[...containers], [...tags], [...images], [...volumes], [...networks], events, made]);
  }

  /** 64 hex digits that no other container of this engine has. */
  newId(): string {
    this.made += 1;
    return createHash('sha256').update(`container ${this.made}`).digest('hex');
  }

  byName = (name: string): SimContainer | undefined => [...this.containers.values()].find((each) => each.name === name);

  ofProject = (project: string): SimContainer[] =>
    [...this.containers.values()].filter((each) => each.project === project);

  start(container: SimContainer, nowMs: number): void {
    if (container.status === 'running') return;
    container.status = 'running';
    container.startedMs = nowMs;
    this.event(container, 'start', nowMs);
  }

  stop(container: SimContainer, nowMs: number): void {
    if (container.status !== 'running') return;
    container.status = 'exited';
    container.paused = false;
    this.event(container, 'die', nowMs);
  }

  /** The machine was switched off and on: what ran is started anew, nothing is paused. */
  reboot(nowMs: number): void {
    for (const each of this.containers.values()) {
      if (each.status !== 'running') continue;
      this.stop(each, nowMs);
      this.start(each, nowMs);
    }
  }

  /** The container that answers on a port of the host. */
  onPort = (port: string): SimContainer | undefined =>
    [...this.containers.values()].find(
      (each) => each.status === 'running' && !each.paused && each.ports.some(({ hostPort }) => hostPort === port),
    );

  private event(container: SimContainer, action: string, atMs: number): void {
    this.events.push({ action, id: container.id, project: container.project, service: container.service, atMs });
  }
}

/** Image ids are made of what the image is called: the same version is the same image. */
export const imageId = (what: string): string => `sha256:${createHash('sha256').update(`image ${what}`).digest('hex')}`;
