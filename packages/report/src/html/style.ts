import { DARK, declarations, LIGHT } from '../theme.ts';

/** The page's style: quiet, one column, light and dark by the reader's setting, always light on paper. */
export const STYLE = `
:root{color-scheme:light dark;${declarations(LIGHT)}}
@media screen and (prefers-color-scheme:dark){:root{${declarations(DARK)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:1040px;margin:0 auto;padding:0 28px}
header{padding-top:44px}
h1{font-size:30px;line-height:1.2;font-weight:650;letter-spacing:-.01em;margin:0 0 6px}
h2{font-size:20px;font-weight:650;margin:56px 0 4px;padding-top:18px;border-top:1px solid var(--line)}
h3{font-size:15px;font-weight:650;margin:28px 0 6px}
p{margin:6px 0 14px;max-width:72ch}
.sub,figcaption,.note{color:var(--muted);font-size:14px}
.sub{margin:0}
.status{display:inline-block;border:1.5px solid currentColor;border-radius:99px;padding:1px 12px;font-size:13px;font-weight:600;vertical-align:middle}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
nav{margin-top:18px;font-size:14px}
nav a{margin-right:18px}
a{color:var(--accent);text-underline-offset:3px}
a:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:3px;border-radius:3px}
.figures{display:flex;flex-wrap:wrap;gap:14px 44px;margin:28px 0 0}
.figures dt{color:var(--muted);font-size:13px}
.figures dd{margin:0;font-size:24px;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
figure{margin:18px 0 26px;min-width:0}
figure>.scroll{overflow-x:auto}
svg{display:block;max-width:100%;height:auto}
figcaption{margin-top:8px;max-width:80ch}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(400px,100%),1fr));gap:0 32px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:14px;width:100%}
th{color:var(--muted);font-weight:500;text-align:left;vertical-align:bottom}
th,td{padding:6px 14px 6px 0;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
tr.total td{font-weight:600;border-bottom:0}
details{margin:8px 0 0}
summary{cursor:pointer;color:var(--accent);font-size:14px;width:max-content}
details[open] summary{margin-bottom:8px}
details>.scroll{max-height:480px;overflow:auto}
.galaxies{display:grid;grid-template-columns:repeat(auto-fill,minmax(128px,1fr));gap:22px 18px;margin:16px 0 0;padding:0;list-style:none}
.galaxies img{display:block;width:100%;height:auto;aspect-ratio:1;border-radius:8px;background:#000}
.galaxies li{font-size:13px;line-height:1.4;color:var(--muted)}
.galaxies b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums}
.settings{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(300px,100%),1fr));gap:0 40px}
.settings td:last-child{overflow-wrap:anywhere;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px}
ul.plain{padding-left:20px;margin:8px 0}
footer{color:var(--muted);font-size:13px;padding-top:40px;padding-bottom:48px}
@media screen and (max-width:700px){figure>.scroll svg{max-width:none}}
@media (max-width:520px){main,header,footer{padding-left:16px;padding-right:16px}}
@media print{
:root{color-scheme:light;${declarations(LIGHT)}}
@page{margin:14mm}
body{font-size:11pt}
nav,details{display:none}
main,header,footer{max-width:none;padding-left:0;padding-right:0}
h2{break-after:avoid;margin-top:28px}
figure,.galaxies li,tr{break-inside:avoid}
}
`.replaceAll('\n', '');
