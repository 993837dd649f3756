import { useToast } from '@nuxt/ui/composables'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'

/** A page whose file does not come, after a deployment or without a network, is loaded as a whole, or said to be missing. */
export function useLostPages(): void {
  const { t } = useI18n()
  const toast = useToast()
  const router = useRouter()

  router.onError((_, { fullPath }, from) => {
    // The first page has just been loaded as a whole.
    if (navigator.onLine && from.matched.length > 0) return location.assign(fullPath)
    const again = () =>
      navigator.onLine ? location.assign(fullPath) : void router.push(fullPath).catch(() => {})
    toast.add({
      id: 'lost-page', // one, however often it is tried
      title: t('shell.problem.no_connection'),
      description: t('shell.problem.no_connection_text'),
      icon: 'i-lucide-wifi-off',
      color: 'error',
      actions: [{ label: t('shell.try_again'), color: 'neutral', variant: 'outline', onClick: again }],
    })
  })
}
