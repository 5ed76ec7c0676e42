// One shovel.

import { ParameterPage } from "../../parts/parameter-page.tsx";
import { shovels as texts } from "../../texts/plugins.ts";

export default function ShovelPage() {
  return <ParameterPage component="shovel" one={texts.one} list="/dynamic-shovels" texts={texts} />;
}
