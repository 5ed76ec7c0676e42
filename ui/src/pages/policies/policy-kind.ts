// User policies and operator policies: the same thing at two addresses.

import { linkTo } from "../../parts/links.ts";
import { policies as texts } from "../../texts/policies.ts";

export interface PolicyKind {
  readonly path: "policies" | "operator-policies";
  readonly isOperator: boolean;
  readonly title: string;
  readonly hint: string;
  readonly one: string;
  readonly add: string;
  readonly link: (vhost: string, name: string) => string;
}

export const userPolicies: PolicyKind = {
  path: "policies",
  isOperator: false,
  title: texts.user,
  hint: texts.userHint,
  one: texts.one,
  add: texts.add,
  link: linkTo.policy,
};

export const operatorPolicies: PolicyKind = {
  path: "operator-policies",
  isOperator: true,
  title: texts.operator,
  hint: texts.operatorHint,
  one: texts.oneOperator,
  add: texts.addOperator,
  link: linkTo.operatorPolicy,
};
