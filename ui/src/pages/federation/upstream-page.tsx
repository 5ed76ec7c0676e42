// One federation upstream.

import { ParameterPage } from "../../parts/parameter-page.tsx";
import { federation as texts } from "../../texts/plugins.ts";

export default function UpstreamPage() {
  return (
    <ParameterPage
      component="federation-upstream"
      one={texts.one}
      list="/federation-upstreams"
      texts={texts}
    />
  );
}
