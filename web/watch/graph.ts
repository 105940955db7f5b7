/** Asks the graph by the operations that are published with the page, as whoever is signed in. */
import { $ } from "./elements";

/** `documents` are the ids of `operations/` by name; `token` was minted for `account`, and is absent for a visitor. */
interface PageConfig {
  endpoint: string;
  documents: Record<string, string>;
  token?: string;
  account?: string;
}
export interface Problem {
  __typename: string;
  message: string;
}
export interface SignedIn {
  accessToken: string;
  viewer: { profile: { id: string } | null; account: { profiles: Profile[] } };
}
export type Profile = { id: string; name: string; hasPin: boolean };
export interface Playable {
  id: string;
  name: string;
  label: string | null;
  title: { name: string; synopsis: string };
}
export interface Session {
  id: string;
  dashUrl: string;
  hlsUrl: string;
  drm: { system: string; licenseUrl: string }[];
  startPosition: number;
  audio: { language: string } | null;
  subtitle: { language: string } | null;
  skipMarkers: { kind: string; start: number; end: number }[];
  thumbnails: { vttUrl: string | null } | null;
  renditions: { quality: string; height: number }[];
  refused: { rendition: { quality: string }; reason: string }[];
}

export const config = JSON.parse($("page-config").textContent ?? "") as PageConfig;
let token = config.token;

export function isSignedIn(): boolean {
  return token !== undefined;
}

/** Whose name is in all that is asked from now on; nobody's without a token. */
export function signInAs(given?: string): void {
  token = given;
}

export async function ask<T>(operation: string, variables: object, options: RequestInit = {}): Promise<T> {
  const response = await fetch(config.endpoint, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-Device-Class": "WEB",
      "X-Client-Name": "marquee-watch",
      "X-Client-Version": "1",
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify({ documentId: config.documents[operation], variables }),
    ...options,
  });
  const { data, errors } = await response.json();
  const error = errors?.[0];
  if (error) throw Object.assign(new Error(error.message), { name: error.extensions?.code });
  return Object.values(data)[0] as T;
}
