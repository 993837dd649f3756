import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import 'swagger-ui-dist/swagger-ui.css'

// Its dark colours hang on a class, not on what the system prefers.
const dark = matchMedia('(prefers-color-scheme: dark)')
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', paint)
paint()

SwaggerUI({
  dom_id: '#docs',
  url: '/openapi.json',
  deepLinking: true,
  validatorUrl: null, // by default a service on another host is asked for a badge
})
