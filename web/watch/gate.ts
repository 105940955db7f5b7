/** What covers the picture: what is refused, and the questions who is there. */
import { $, make } from "./elements";
import { ask, signInAs, type Problem, type Profile, type SignedIn } from "./graph";

type Field = { name: string; placeholder: string; type: string; autocomplete: AutoFill };

const CREDENTIALS: Field[] = [
  { name: "email", placeholder: "E-mail", type: "email", autocomplete: "username" },
  { name: "password", placeholder: "Password", type: "password", autocomplete: "current-password" },
];
const PIN: Field[] = [{ name: "pin", placeholder: "PIN", type: "password", autocomplete: "off" }];

/** Resolves with what was filled in and, as `choice`, the button pressed. */
export function prompt(title: string, text: string, choices: [value: string, text: string][], fields: Field[] = []) {
  const gate = $<HTMLFormElement>("gate");
  $("gate-title").textContent = title;
  $("gate-text").textContent = text;
  const inputs = fields.map((field) => make("input", { ...field, ariaLabel: field.placeholder, required: true }));
  const buttons = choices.map(([value, textContent]) => make("button", { name: "choice", value, textContent }));
  $("gate-fields").replaceChildren(...inputs, ...buttons);
  gate.hidden = false;
  (inputs[0] ?? buttons[0])?.focus();
  return new Promise<Record<string, string>>((resolve) => {
    gate.onsubmit = (event) => {
      event.preventDefault();
      gate.hidden = true;
      resolve(Object.fromEntries(new FormData(gate, event.submitter)) as Record<string, string>);
    };
  });
}

export async function signIn(text: string): Promise<void> {
  signInAs();
  const { email, password } = await prompt("Sign in", text, [["", "Sign in"]], CREDENTIALS);
  const answer = await ask<SignedIn | Problem>("sign-in", { input: { email, password } });
  if (!("accessToken" in answer)) return signIn(answer.message);
  signInAs(answer.accessToken);
  $("account").textContent = email ?? "";
  const { profile, account } = answer.viewer;
  if (account.profiles.length > 0) await enterProfile(account.profiles, profile?.id);
}

async function enterProfile(profiles: Profile[], current?: string, text = ""): Promise<void> {
  const { choice } = await prompt("Who is watching?", text, profiles.map(({ id, name }) => [id, name]));
  const wanted = profiles.find(({ id }) => id === choice);
  if (!wanted || wanted.id === current) return;
  const pin = wanted.hasPin ? await askPin(`${wanted.name} has a PIN.`) : undefined;
  const answer = await ask<SignedIn | Problem>("switch-profile", { profileId: wanted.id, pin });
  if (!("accessToken" in answer)) return enterProfile(profiles, current, answer.message);
  signInAs(answer.accessToken);
}

export async function askPin(text: string): Promise<string | undefined> {
  return (await prompt("PIN", text, [["", "Go on"]], PIN)).pin;
}
