// SPDX-License-Identifier: MIT
// The two ways a person works a page. A journey is written once for hands; `mouse` points, `keyboard` presses keys and nothing else:
// what it cannot reach by Tab and arrows, no keyboard can.
import { expect } from './lib.mjs';

// Further away than this is not reachable by anybody with patience.
const kMostTabs = 60;

class Mouse {
  name = 'mouse';
  constructor(page) {
    this.page = page;
  }
  // A page, by its name in the rail.
  async go(name) {
    await this.page.getByRole('navigation', { name: 'Pages' }).first().getByRole('link', { name }).click();
  }
  async press(target) {
    await target.click();
  }
  async write(field, text) {
    await field.click();
    await field.fill(text);
  }
  async choose(select, label) {
    await select.selectOption({ label });
  }
  // A command that has a key, for those who use it; `target` for those who point.
  async command(_keys, target) {
    await target.click();
  }
  // The nth row of a list gets the focus, opens, or is selected.
  async openRow(grid, text) {
    await grid.getByRole('row').filter({ hasText: text }).first().dblclick();
  }
  async selectRow(grid, text) {
    await grid.getByRole('row').filter({ hasText: text }).first().getByRole('checkbox').click();
  }
  async close() {}
}

export const kPageKeys = {
  Home: 'h',
  Chat: 'c',
  Sessions: 's',
  Models: 'm',
  Agents: 'b',
  Memory: 'y',
  Policy: 'p',
  Approvals: 'a',
  Audit: 'u',
  Costs: 'o',
  Processes: 'x',
  Network: 'n',
  Settings: 'e',
};

class Keyboard {
  name = 'keyboard';
  tabs = 0;
  constructor(page) {
    this.page = page;
    // From here on nothing but keys.
    for (const name of ['goto', 'click', 'fill', 'focus', 'press', 'reload'])
      page[name] = () => {
        throw new Error(`a journey by keyboard used page.${name}`);
      };
  }
  async go(name) {
    // Keys of a page do not count while one writes; the first Escape leaves a dialog or a field's suggestions.
    if (await this.page.evaluate(() => /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? ''))) {
      await this.page.keyboard.press('Control+k');
      await this.page.getByRole('combobox').waitFor();
      await this.page.keyboard.type(name);
      await this.page.keyboard.press('Enter');
      return;
    }
    await this.page.keyboard.press('g');
    await this.page.keyboard.press(kPageKeys[name]);
  }
  // Where the focus stands, seen from the target.
  #place(target) {
    return target.evaluate((element) => {
      const active = document.activeElement ?? document.body;
      if (element === active) return 'there';
      const group = (one) =>
        one.closest('[role=tablist],[role=menu],[role=radiogroup]') ?? (one.type === 'radio' ? one.closest('fieldset') : null);
      if (group(element) && group(element) === group(active)) return 'beside';
      if (active === document.body) return 'before';
      return element.compareDocumentPosition(active) & Node.DOCUMENT_POSITION_PRECEDING ? 'before' : 'after';
    });
  }
  async reach(target) {
    // What is disabled takes no focus.
    await target.and(this.page.locator(':enabled, :not(:disabled)')).waitFor();
    for (let presses = 0; presses <= kMostTabs; presses += 1) {
      const place = await this.#place(target);
      if (place === 'there') {
        const seen = await target.evaluate((element) => {
          const box = element.getBoundingClientRect();
          const style = getComputedStyle(element);
          const ring = style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) > 0;
          const around = element.closest(':focus-within') && getComputedStyle(element.parentElement).borderColor;
          return { ring: ring || Boolean(around), inSight: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth };
        });
        expect(seen.inSight, 'the focus is out of sight');
        return;
      }
      this.tabs += 1;
      await this.page.keyboard.press(place === 'beside' ? 'ArrowRight' : place === 'after' ? 'Shift+Tab' : 'Tab');
    }
    const at = await this.page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
    throw new Error(`not reached within ${kMostTabs} key presses: ${target}; the focus is on ${at}`);
  }
  async press(target) {
    await this.reach(target);
    const isBox = await target.evaluate((element) => element.type === 'checkbox' || element.type === 'radio');
    await this.page.keyboard.press(isBox ? 'Space' : 'Enter');
  }
  async write(field, text) {
    await this.reach(field);
    await this.page.keyboard.press('Control+a');
    await this.page.keyboard.press('Delete');
    const lines = text.split('\n');
    for (const [at, line] of lines.entries()) {
      if (at > 0) await this.page.keyboard.press('Enter');
      await this.page.keyboard.type(line);
    }
  }
  // A closed select takes the letters of what one wants.
  async choose(select, label) {
    await this.reach(select);
    await this.page.keyboard.type(label);
  }
  async command(keys) {
    await this.page.keyboard.press(keys);
  }
  async #toRow(grid, text) {
    await this.reach(grid);
    await this.page.keyboard.press('Home');
    const rows = await grid.getByRole('row').count();
    for (let step = 0; step <= rows; step += 1) {
      const id = await grid.getAttribute('aria-activedescendant');
      const row = id ? await this.page.locator(`[id="${id}"]`).innerText() : '';
      if (row.includes(text)) return;
      await this.page.keyboard.press('ArrowDown');
    }
    throw new Error(`no row with ${text}`);
  }
  async openRow(grid, text) {
    await this.#toRow(grid, text);
    await this.page.keyboard.press('Enter');
  }
  async selectRow(grid, text) {
    await this.#toRow(grid, text);
    await this.page.keyboard.press('x');
  }
  async close() {
    expect(!(await this.page.evaluate(() => window.__pointed ?? false)), 'a journey by keyboard pointed at something');
  }
}

// Notes every pointer that comes down, in every document of the page.
export async function handsFor(kind, page) {
  if (kind === 'mouse') return new Mouse(page);
  await page.evaluate(() => addEventListener('pointerdown', () => { window.__pointed = true; }, true));
  return new Keyboard(page);
}
