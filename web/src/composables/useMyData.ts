import { useToast } from '@nuxt/ui/composables'
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { eraseMe, exportMe, type ReceiptOut } from '@/client'
import { flushBriefly } from '@/lib/events'
import { store } from '@/lib/kept'
import { problemTexts } from '@/lib/problem'
import { useEvents, useSession } from './useInjected'

const FILE = 'my-data.json'
const OURS = 'carousel.'
const NOT_PERSONAL = ['carousel.language']

/** Download everything held about me, or have it erased. */
export function useMyData() {
  const { t } = useI18n()
  const toast = useToast()
  const events = useEvents()
  const { logout } = useSession()
  const receipt = ref<ReceiptOut>()
  const isBusy = ref(false)

  async function tried(work: () => Promise<void>): Promise<void> {
    isBusy.value = true
    try {
      await work()
    } catch (problem) {
      toast.add({ title: t('taste.data.failed'), description: problemTexts(problem, t).text, color: 'error' })
    }
    isBusy.value = false
  }

  const download = () =>
    tried(async () => {
      const { data } = await exportMe({ parseAs: 'blob', throwOnError: true })
      const url = URL.createObjectURL(data as unknown as Blob) // not parsed, only kept
      const link = Object.assign(document.createElement('a'), { href: url, download: FILE })
      link.click()
      URL.revokeObjectURL(url)
    })

  const erase = () =>
    tried(async () => {
      await flushBriefly(events) // what is still here would arrive afterwards, under a token that has ended
      const { data } = await eraseMe({ throwOnError: true })
      receipt.value = data
      logout()
      for (const name of Object.keys(localStorage)) if (isPersonal(name)) store(localStorage, name, null)
    })

  return { download, erase, receipt, isBusy }
}

const isPersonal = (name: string) => name.startsWith(OURS) && !NOT_PERSONAL.includes(name)
