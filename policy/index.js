/* eslint-disable no-undef, @typescript-eslint/no-require-imports -- Pulumi loads a policy pack with require() */
const { PolicyPack } = require("@pulumi/policy");
const { lanStackOf, policies } = require("../dist/policy");

new PolicyPack("macvlan", {
  policies: policies.map(({ name, description, level, find }) => ({
    name,
    description,
    enforcementLevel: level,
    validateStack: ({ resources }, report) => {
      for (const { message, urn } of find(lanStackOf(resources))) report(message, urn);
    },
  })),
});
