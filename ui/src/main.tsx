// Starts the web UI.

import "virtual:theme.css";
import "./styles/mantine.css";
import "./styles/layout.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/query.ts";
import { resumeLogin, useSession } from "./api/session.ts";
import { ConfirmHost } from "./parts/confirm.tsx";
import { router } from "./router.tsx";
import { LoginPage } from "./shell/login-page.tsx";
import { theme } from "./theme.ts";

function App() {
  const session = useSession();
  if (session === undefined) return <LoginPage />;
  return <RouterProvider router={router} />;
}

async function start(root: HTMLElement): Promise<void> {
  await resumeLogin();
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        // Both would insert style elements; styles/mantine.css and virtual:theme.css hold the same.
        withCssVariables={false}
        withGlobalClasses={false}
      >
        <QueryClientProvider client={queryClient}>
          <App />
          <ConfirmHost />
          <Notifications position="bottom-right" limit={4} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}

const root = document.getElementById("root");
if (root !== null) void start(root);
