/** The variables that the editor gives to a webview, as in its two default themes; only those that the page uses. */
const DARK: Record<string, string> = {
  'vscode-font-family': '"DejaVu Sans", system-ui, sans-serif',
  'vscode-font-size': '13px',
  'vscode-font-weight': 'normal',
  'vscode-editor-font-family': '"DejaVu Sans Mono", monospace',
  'vscode-foreground': '#cccccc',
  'vscode-descriptionForeground': '#9d9d9d',
  'vscode-editor-background': '#1f1f1f',
  'vscode-panel-border': '#2b2b2b',
  'vscode-button-foreground': '#ffffff',
  'vscode-button-background': '#0078d4',
  'vscode-button-hoverBackground': '#026ec1',
  'vscode-button-secondaryForeground': '#cccccc',
  'vscode-button-secondaryBackground': '#313131',
  'vscode-button-secondaryHoverBackground': '#3c3c3c',
  'vscode-textLink-foreground': '#4daafc',
  'vscode-textCodeBlock-background': '#2b2b2b',
  'vscode-focusBorder': '#0078d4',
  'vscode-input-background': '#313131',
  'vscode-input-foreground': '#cccccc',
  'vscode-input-border': '#3c3c3c',
  'vscode-input-placeholderForeground': '#989898',
  'vscode-settings-textInputBackground': '#313131',
  'vscode-settings-textInputForeground': '#cccccc',
  'vscode-settings-textInputBorder': '#3c3c3c',
  'vscode-badge-background': '#616161',
  'vscode-badge-foreground': '#f8f8f8',
  'vscode-progressBar-background': '#0078d4',
  'vscode-inputValidation-errorBackground': '#5a1d1d',
  'vscode-charts-green': '#89d185',
  'vscode-charts-red': '#f14c4c',
  'vscode-charts-yellow': '#cca700',
  'vscode-editorWarning-foreground': '#cca700',
  'vscode-charts-blue': '#59a4f9',
};

const LIGHT: Record<string, string> = {
  ...DARK,
  'vscode-foreground': '#3b3b3b',
  'vscode-descriptionForeground': '#5f5f5f',
  'vscode-editor-background': '#ffffff',
  'vscode-panel-border': '#e5e5e5',
  'vscode-button-background': '#005fb8',
  'vscode-button-hoverBackground': '#0258a8',
  'vscode-button-secondaryForeground': '#3b3b3b',
  'vscode-button-secondaryBackground': '#e5e5e5',
  'vscode-button-secondaryHoverBackground': '#cccccc',
  'vscode-textLink-foreground': '#005fb8',
  'vscode-textCodeBlock-background': '#f8f8f8',
  'vscode-focusBorder': '#005fb8',
  'vscode-input-background': '#ffffff',
  'vscode-input-foreground': '#3b3b3b',
  'vscode-input-border': '#cecece',
  'vscode-input-placeholderForeground': '#767676',
  'vscode-settings-textInputBackground': '#ffffff',
  'vscode-settings-textInputForeground': '#3b3b3b',
  'vscode-settings-textInputBorder': '#cecece',
  'vscode-badge-background': '#cccccc',
  'vscode-badge-foreground': '#3b3b3b',
  'vscode-progressBar-background': '#005fb8',
  'vscode-inputValidation-errorBackground': '#f2dede',
  'vscode-charts-green': '#388a34',
  'vscode-charts-red': '#e51400',
  'vscode-charts-yellow': '#bf8803',
  'vscode-editorWarning-foreground': '#bf8803',
  'vscode-charts-blue': '#1a85ff',
};

/** As the editor's dark high contrast: the two kinds of buttons differ in nothing. */
const HIGH_CONTRAST: Record<string, string> = {
  ...DARK,
  'vscode-foreground': '#ffffff',
  'vscode-descriptionForeground': '#ffffff',
  'vscode-editor-background': '#000000',
  'vscode-panel-border': '#6fc3df',
  'vscode-contrastBorder': '#6fc3df',
  'vscode-button-background': '#000000',
  'vscode-button-hoverBackground': '#000000',
  'vscode-button-border': '#6fc3df',
  'vscode-button-secondaryForeground': '#ffffff',
  'vscode-button-secondaryBackground': '#000000',
  'vscode-button-secondaryHoverBackground': '#000000',
  'vscode-textLink-foreground': '#21a6ff',
  'vscode-textCodeBlock-background': '#000000',
  'vscode-focusBorder': '#f38518',
  'vscode-input-background': '#000000',
  'vscode-input-foreground': '#ffffff',
  'vscode-input-border': '#6fc3df',
  'vscode-settings-textInputBackground': '#000000',
  'vscode-settings-textInputForeground': '#ffffff',
  'vscode-settings-textInputBorder': '#6fc3df',
  'vscode-badge-background': '#000000',
  'vscode-badge-foreground': '#ffffff',
  'vscode-progressBar-background': '#6fc3df',
};

/** As the editor's light high contrast. */
const HIGH_CONTRAST_LIGHT: Record<string, string> = {
  ...LIGHT,
  'vscode-foreground': '#292929',
  'vscode-descriptionForeground': '#292929',
  'vscode-editor-background': '#ffffff',
  'vscode-panel-border': '#0f4a85',
  'vscode-contrastBorder': '#0f4a85',
  'vscode-button-background': '#0f4a85',
  'vscode-button-hoverBackground': '#0f4a85',
  'vscode-button-border': '#0f4a85',
  'vscode-button-secondaryForeground': '#292929',
  'vscode-button-secondaryBackground': '#ffffff',
  'vscode-focusBorder': '#006bbd',
  'vscode-settings-textInputBorder': '#0f4a85',
  'vscode-badge-background': '#0f4a85',
  'vscode-badge-foreground': '#ffffff',
  'vscode-progressBar-background': '#0f4a85',
};

const THEMES = {
  dark: DARK,
  light: LIGHT,
  'high-contrast': HIGH_CONTRAST,
  'high-contrast-light': HIGH_CONTRAST_LIGHT,
} as const;

export type Theme = keyof typeof THEMES;

export function themeCss(theme: Theme): string {
  const variables = Object.entries(THEMES[theme]).map(([name, value]) => `--${name}:${value};`);
  return `:root{${variables.join('')}}`;
}

/** What the editor writes on the body of a webview. */
export function themeClasses(theme: Theme): string {
  return theme === 'high-contrast-light' ? 'vscode-high-contrast vscode-high-contrast-light' : `vscode-${theme}`;
}
