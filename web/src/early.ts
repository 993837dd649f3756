// An entry of its own beside the app (see vite.config.ts).
import { startEarly } from '@/lib/early'

startEarly()
