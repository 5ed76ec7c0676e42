// One operator policy.

import { operatorPolicies } from "./policy-kind.ts";
import { PolicyPage } from "./policy-page.tsx";

export default function OperatorPolicyPage() {
  return <PolicyPage kind={operatorPolicies} />;
}
