import type { Browser, FrameLocator, Locator, Page } from 'playwright-core';

/** Upper limit of each wait; a loaded machine may need most of it. */
const PATIENCE = 120_000;
/** Upper limit of one step that is taken again when it did not work. */
const STEP = 10_000;

/** A VS Code window as a person uses it: palette, quick picks, trees, dialogs, the run view. */
export class Workbench {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(browser: Browser, url: string): Promise<Workbench> {
    const page = await browser.newPage({ viewport: { width: 1480, height: 920 }, deviceScaleFactor: 1.5 });
    page.setDefaultTimeout(PATIENCE);
    page.setDefaultNavigationTimeout(PATIENCE);
    await page.goto(url);
    const workbench = new Workbench(page);
    await workbench.#shown();
    return workbench;
  }

  async #shown(): Promise<void> {
    await this.page.locator('.monaco-workbench').waitFor();
    await this.page.locator('.statusbar-item').first().waitFor();
  }

  /** Reloads the window as the palette does: the extension host ends, another one starts. */
  async reload(): Promise<void> {
    const loaded = this.page.waitForEvent('load');
    await this.command('Developer: Reload Window');
    await loaded;
    await this.#shown();
  }

  /** Opens a container of the activity bar; waits until the extension that brings it is known. */
  async container(title: string): Promise<void> {
    await this.page
      .locator('.activitybar .action-item')
      .filter({ has: this.page.getByLabel(title) })
      .click();
    await this.page.locator('.sidebar .composite.title').filter({ hasText: title }).waitFor();
  }

  /** Opens the palette and runs the command of this title. */
  async command(title: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input.input');
    // The list uses its rows again for other entries while it is filtered: what is clicked may have become another one.
    const entry = this.page.locator('.quick-input-list .monaco-list-row.focused').filter({ hasText: title }).first();
    const end = performance.now() + PATIENCE;
    for (;;) {
      await this.page.keyboard.press('F1');
      try {
        await input.fill(`>${title}`, { timeout: STEP });
        await entry.waitFor({ timeout: STEP });
        return await input.press('Enter', { timeout: STEP });
      } catch (error) {
        // The palette closes when something else takes the focus, a notification that comes or goes for one.
        if (performance.now() > end) throw error;
      }
    }
  }

  /** Waits for the quick pick of this title and chooses an entry by typing it, or a part of it. */
  async pick(title: RegExp, entry: string, typed = entry): Promise<void> {
    const widget = this.page.locator('.quick-input-widget');
    await widget.locator('.quick-input-title').filter({ hasText: title }).waitFor();
    await widget.locator('input.input').fill(typed);
    // Enter takes the row that is marked, and the list may still be on its way.
    await widget.locator('.monaco-list-row.focused').filter({ hasText: entry }).first().waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** The run view's page, inside the two frames that the editor puts around it. */
  get runView(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  }

  tree(label: string): Locator {
    const header = this.page.locator('.pane-header').filter({ hasText: label });
    return this.page.locator('.pane').filter({ has: header }).locator('.monaco-list-row');
  }

  statusItem(text: string): Locator {
    return this.page.locator('.statusbar-item').filter({ hasText: text });
  }

  /** Clicks a button of the modal dialog. */
  async answer(button: string): Promise<void> {
    await this.page.locator('.monaco-dialog-box .monaco-button').filter({ hasText: button }).click();
  }

  /** Waits for a notification, also one whose toast has gone already. */
  async told(text: RegExp): Promise<Locator> {
    await this.command('Notifications: Show Notifications');
    const told = this.page.locator('.notifications-center .notification-list-item').filter({ hasText: text });
    await told.waitFor();
    return told;
  }

  async clearNotifications(): Promise<void> {
    await this.command('Notifications: Clear All Notifications');
  }

  close(): Promise<void> {
    return this.page.close();
  }
}
