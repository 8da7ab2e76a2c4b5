import * as pulumi from "@pulumi/pulumi";
import { ProtectedHttpApi } from "@pulumi/protected-http-api";

const greet = { package: "../handlers/greet" };

const api = new ProtectedHttpApi("api", {
    authorizer: {
        secretPath: pulumi.interpolate`/greetings/${pulumi.getStack()}/jwt-secret`,
        cacheTtl: "5m",
    },
    defaults: { environment: { GREETING: "Hello" } },
    routes: {
        "GET /greetings": { auth: "public", function: greet },
        "POST /greetings": { function: greet, permissions: ["greetings:write"] },
    },
});

export const url = api.url;
export const access = api.access;
