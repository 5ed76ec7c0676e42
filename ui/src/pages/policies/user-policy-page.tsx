// One user policy.

import { userPolicies } from "./policy-kind.ts";
import { PolicyPage } from "./policy-page.tsx";

export default function UserPolicyPage() {
  return <PolicyPage kind={userPolicies} />;
}
