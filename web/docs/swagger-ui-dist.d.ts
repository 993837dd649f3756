declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  /** https://swagger.io/docs/open-source-tools/swagger-ui/usage/configuration/ */
  interface Options {
    dom_id: string
    url: string
    deepLinking: boolean
    validatorUrl: string | null
  }
  export default function SwaggerUI(options: Options): void
}
