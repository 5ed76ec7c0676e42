// The login form.

import { Button, Checkbox, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ApiError } from "../api/client.ts";
import { logIn, sessionExpired } from "../api/session.ts";
import { Logo } from "../parts/icons.tsx";
import { login, shell } from "../texts/shell.ts";
import classes from "./login-page.module.css";

export function LoginPage() {
  const [problem, setProblem] = useState(sessionExpired() ? login.expired : "");
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      await logIn(text(form, "user"), text(form, "password"), form.has("remember"));
    } catch (error) {
      setProblem(problemOf(error as Error));
      setBusy(false);
    }
  };
  return (
    <main className={classes.page}>
      <form className={classes.form} onSubmit={submit}>
        <h1 className={classes.title}>
          <Logo size={34} /> {shell.product}
        </h1>
        {problem !== "" && (
          <div className="banner" data-tone="bad" role="alert">
            {problem}
          </div>
        )}
        <TextInput name="user" label={login.user} autoComplete="username" required autoFocus />
        <PasswordInput
          name="password"
          label={login.password}
          autoComplete="current-password"
          required
        />
        <Checkbox name="remember" label={login.remember} />
        <Button type="submit" loading={busy} fullWidth>
          {login.submit}
        </Button>
        <p className="dimmed small">{login.hint}</p>
      </form>
    </main>
  );
}

function text(form: FormData, name: string): string {
  return String(form.get(name) ?? "");
}

function problemOf(error: Error): string {
  if (!(error instanceof ApiError)) return login.failed(error.message);
  if (error.status !== 401) return login.failed(error.reason);
  return /management/i.test(error.reason) ? login.noTags : login.wrong;
}
